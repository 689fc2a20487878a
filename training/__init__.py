"""What trains: stages, the loop they share, recipes, and what measures a trained model."""
