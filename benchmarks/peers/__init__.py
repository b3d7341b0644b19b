"""What others would use, doing the same job: built as their own documentation recommends."""
