"""What the shells read: activations and answers in the words of bash, zsh and fish."""
