"""Worker processes that read media."""

import multiprocessing

import cv2


def one_thread_in_workers() -> None:
    """In a worker process, keep OpenCV to one thread: the workers fill the cores already."""
    if multiprocessing.current_process().name != "MainProcess":
        cv2.setNumThreads(1)
