"""Speed and accuracy, measured against other packages in one run; see README.md."""
