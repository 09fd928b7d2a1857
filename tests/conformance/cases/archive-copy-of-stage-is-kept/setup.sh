python3 - <<'E'
import tarfile, io
def add(t, name, kind=tarfile.REGTYPE, data=b'', link='', mode=0o644, uid=0, gid=0, mtime=1500000000, **pax):
    i = tarfile.TarInfo(name); i.type, i.size, i.linkname, i.mode, i.uid, i.gid, i.mtime = kind, len(data), link, mode, uid, gid, mtime
    i.pax_headers = pax; t.addfile(i, io.BytesIO(data))
t = tarfile.open('a.tar', 'w', format=tarfile.PAX_FORMAT)
add(t,'f',data=b'1')
t.close()
E
mkdir d; cp a.tar d/; rm -f x
