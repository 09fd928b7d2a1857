for f in keep also gone; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
!keep
*
!also
EOF
