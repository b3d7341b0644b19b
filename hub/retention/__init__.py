"""What is erased when, and what a legal hold keeps."""
