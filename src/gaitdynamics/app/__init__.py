"""The app in the browser: a local web service around the tasks (`gaitdynamics app`)."""
