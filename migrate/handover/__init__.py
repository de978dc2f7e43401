"""An organisation's folder goes to another machine: packed without its secrets, and accepted there."""
