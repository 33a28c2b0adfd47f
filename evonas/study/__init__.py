"""A study: its folder, its journal, its workers, and the loop that joins the floors."""
