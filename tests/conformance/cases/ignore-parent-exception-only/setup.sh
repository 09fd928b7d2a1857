for f in d/e/f d/e/g d/h x; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
d
!d/e/f
EOF
