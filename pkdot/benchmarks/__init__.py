"""Measurements that say how the kit compares with its peers."""
