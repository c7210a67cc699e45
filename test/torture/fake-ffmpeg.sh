#!/bin/sh
# Stands for ffmpeg and misbehaves as the name of its file asks for; the real one is REAL_FFMPEG.
case "$*" in
  *sleep.mp4*) sleep 600 ;;
  *stubborn.mp4*) trap '' TERM INT HUP; while :; do sleep 1; done ;;
  *spin.mp4*) while :; do :; done ;;
  *stderr-lines.mp4*) yes '[error] the same again' >&2 ;;
  *stderr-line.mp4*) tr '\0' x </dev/zero >&2 ;;
  *stdout.mp4*) yes ;;
  *heir.mp4*) sleep 600 & ;;
  *heir-of-stdout.mp4*) sleep 600 2>/dev/null & ;;
  *escaped.mp4*) setsid sleep 12 & ;;
  *term.mp4*) "$REAL_FFMPEG" -re -stream_loop -1 "$@" & sleep 1; kill -TERM $!; wait $! ;;
  *crash.mp4*) kill -SEGV $$ ;;
  *hungry.mp4*) head -c 6000000000 /dev/zero | tail -c 6000000000 ;;
  *) exec "$REAL_FFMPEG" "$@" ;;
esac
