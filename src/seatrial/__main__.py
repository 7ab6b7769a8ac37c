"""`python -m seatrial`: the same command line."""

from seatrial.cli import main

if __name__ == "__main__":
    main()
