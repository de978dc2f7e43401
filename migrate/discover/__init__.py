"""What is there before anybody writes a plan: records, servers, and with the people file what each mailbox holds."""
