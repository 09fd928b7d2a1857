python3 - <<'E'
import tarfile, io
def add(t, name, kind=tarfile.REGTYPE, data=b'', link='', mode=0o644, uid=0, gid=0, mtime=1500000000, **pax):
    i = tarfile.TarInfo(name); i.type, i.size, i.linkname, i.mode, i.uid, i.gid, i.mtime = kind, len(data), link, mode, uid, gid, mtime
    i.pax_headers = pax; t.addfile(i, io.BytesIO(data))
t = tarfile.open('a.tar', 'w', format=tarfile.PAX_FORMAT)
add(t,'d',tarfile.DIRTYPE,mode=0o755)
add(t,'d/a',data=b'1',mode=0o600,uid=7)
add(t,'b',tarfile.LNKTYPE,link='d/a')
add(t,'c',tarfile.LNKTYPE,link='b')
add(t,'./e',tarfile.LNKTYPE,link='./d/a')
t.close()
E
