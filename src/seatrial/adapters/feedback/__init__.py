"""Sources of feedback: files, databases and servers that hold decisions and outcomes."""
