"""RTF bodies: unpacked, told apart, and turned back into the HTML or the text that they were made of."""
