"""One motion as a page to share: moving skeleton, curves and numbers in a single HTML file, or as animated glTF."""
