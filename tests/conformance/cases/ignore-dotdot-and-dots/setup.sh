for f in x y .hidden ..two ...three d/x; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
../x
./.././y
.
..
.hidden
..two
EOF
