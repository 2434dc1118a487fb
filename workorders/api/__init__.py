"""REST for work orders: thin views over the services that the command line uses too."""
