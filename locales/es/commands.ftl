### commands: see CONTRIBUTING.md; both languages hold the same codes with the same arguments.
