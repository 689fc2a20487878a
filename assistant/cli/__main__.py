"""``python -m assistant.cli``: the command without its installed script, as a launcher of processes starts it."""

from assistant.cli.app import main

if __name__ == "__main__":
    main()
