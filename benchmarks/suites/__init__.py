"""One file a suite, each with ``run(context)``, which gives a summary as a DataFrame."""
