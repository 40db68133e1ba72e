"""What tests share: builders, records, files and pages."""
