for f in d/keep1 d/keep2 d/other; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
d
!d/keep*
EOF
