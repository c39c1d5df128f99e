"""What work costs on this machine: measured tables, kept true while running. Imports no torch."""
