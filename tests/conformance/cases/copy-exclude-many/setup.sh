for f in src/a.o src/ab src/b src/keep/c.o src/tmp/d src/sub/e.o src/sub/deep/f.o; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
