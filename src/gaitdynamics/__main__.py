"""Run the command line as `python -m gaitdynamics`."""

from gaitdynamics.cli import main

if __name__ == "__main__":
    main()
