python3 - <<'E'
import tarfile, io
t = tarfile.open('a.tar', 'w', format=tarfile.PAX_FORMAT, pax_headers={'comment': '0123456789abcdef0123456789abcdef01234567'})
i = tarfile.TarInfo('f'); i.size = 2; t.addfile(i, io.BytesIO(b'ok')); t.close()
E
