"""One pass over one mailbox: compare, stream, commit, settle, adopt.

A pass runs in this order, and each step can be cut off anywhere and done again by the next pass:

1. *settle* what an earlier pass left in flight, as far as one look can;
2. *scan* the source and compare it with the ledger: new, changed, returned, gone;
3. *move*: what changed its place on the source is not sent a second time;
4. *adopt* what a target folder held before we first write to it;
5. *copy* what is pending, several pairs of sessions at once: read, intend, write, record;
6. carry *flags*; *settle* again, waiting where needed; save the folders' tokens.
"""
