"""The results of attacks on a network, as a table, a file and a picture."""
