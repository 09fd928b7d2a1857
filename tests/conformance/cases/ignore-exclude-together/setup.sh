for f in a.o keep.o b.c c.c; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
*.o
!keep.o
EOF
