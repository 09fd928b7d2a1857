for f in a1.txt a2.txt a3.txt 'a].txt' ax.txt b c1 ab.txt d; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
