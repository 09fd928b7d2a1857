python3 - <<'E'
import tarfile, io
t = tarfile.open('c.tar', 'w', format=tarfile.PAX_FORMAT)
i = tarfile.TarInfo('c'); i.size, i.mode = 1, 0o755
i.pax_headers = {'SCHILY.xattr.security.capability': '\x01\x00\x00\x02\x00\x04\x00\x00' + '\x00' * 12}
t.addfile(i, io.BytesIO(b'c')); t.close()
E
