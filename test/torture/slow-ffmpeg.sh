#!/bin/sh
# Stands for ffmpeg and takes its time; the real one is REAL_FFMPEG.
sleep "$SLOW_SECONDS"
exec "$REAL_FFMPEG" "$@"
