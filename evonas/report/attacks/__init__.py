"""Accuracy of networks under attack, as tables, files and pictures."""
