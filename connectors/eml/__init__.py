"""Files of single messages: folders of .eml, Apple Mail's .emlx, and Thunderbird's Maildirs."""
