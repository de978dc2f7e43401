"""mbox files: those of Thunderbird and of many other programs, and the exports of Google Takeout."""
