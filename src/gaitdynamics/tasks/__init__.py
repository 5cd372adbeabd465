"""What a user wants done, one module each: forces, moments, and what is written about them."""
