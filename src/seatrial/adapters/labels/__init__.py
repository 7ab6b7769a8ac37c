"""Labels: pairs shown to people in LangSmith or MLflow, and their votes read back."""
