"""How the page looks: one theme, one sheet of CSS, no font or file from elsewhere."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")

SHEETS = tuple(Path(__file__).parent / "browser" / name for name in ("style.css", "overview.css"))
"""The sheets."""


def theme() -> gr.themes.Base:
    """Calm neutral theme with the system's fonts."""
    return gr.themes.Base(
        primary_hue="sky", neutral_hue="slate", font=list(SANS), font_mono=list(MONO), radius_size="md", text_size="md"
    ).set(
        button_primary_background_fill="#0b6aa2",
        button_primary_background_fill_hover="#095a8a",
        button_primary_text_color="white",
        button_primary_background_fill_dark="#0b6aa2",
        button_primary_background_fill_hover_dark="#0c74b0",
        block_label_text_weight="500",
    )
