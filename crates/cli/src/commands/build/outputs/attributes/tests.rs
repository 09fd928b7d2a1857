use super::super::{Common, FilesDest, Form, Output, Pushing, Reader};
use super::output;
use crate::command_error::CommandError;
use builder::{Naming, Trust};
use oci::Compression;
use std::path::PathBuf;
use store::{Extraneous, MediaTypes, Noted, Scope};

fn one(text: &str) -> Result<Output, CommandError> {
    output(text, &Common::default())
}

fn files(text: &str) -> FilesDest {
    match one(text).unwrap() {
        Output::Files(files) => files.dest,
        other => panic!("{other:?}"),
    }
}

fn archive(text: &str) -> super::ArchiveOutput {
    match one(text).unwrap() {
        Output::Archive(archive) => archive,
        other => panic!("{other:?}"),
    }
}

fn image(text: &str) -> super::ImageOutput {
    match one(text).unwrap() {
        Output::Image(image) => image,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_and_where() {
    let folder = |name: &str, extraneous| FilesDest::Folder(PathBuf::from(name), extraneous);
    assert_eq!(files("out"), folder("out", Extraneous::Kept));
    let text = r#"type=local,"dest=a,b",mode=delete"#;
    assert_eq!(files(text), folder("a,b", Extraneous::Deleted));
    assert_eq!(files("-"), FilesDest::Tar(None));
    assert_eq!(files("type=tar"), FilesDest::Tar(None));
    let tar = PathBuf::from("x.tar");
    assert_eq!(files("type=tar,dest=x.tar"), FilesDest::Tar(Some(tar)));
    assert!(one("-").unwrap().writes_to_stdout());
    assert!(one("type=oci").unwrap().writes_to_stdout());
    assert_eq!(one("type=cacheonly").unwrap(), Output::CacheOnly);
    assert_eq!(one("type=image,store=false").unwrap(), Output::CacheOnly);
}

#[test]
fn images_and_how() {
    let made = archive("type=oci,dest=a.tar,compression=zstd,compression-level=9");
    assert_eq!((made.form, made.reader), (Form::Tar, Reader::Oci));
    let how = made.packing.recompress.unwrap();
    assert_eq!(
        (how.compression, how.level, how.scope),
        (Compression::Zstd, Some(9), Scope::Plain)
    );
    let made = archive("type=docker,dest=-,force-compression=true,oci-mediatypes=false");
    assert_eq!((made.dest, made.reader), (None, Reader::Docker));
    assert_eq!(made.packing.recompress.unwrap().scope, Scope::All);
    assert_eq!(made.packing.media_types, MediaTypes::Docker);
    let made = archive("type=oci,dest=d,tar=false,oci-mediatypes=false");
    assert_eq!(
        (made.form, made.packing.media_types),
        (Form::Directory, MediaTypes::Oci)
    );
    let made = image(r#"type=image,"name=a,b:2",compatibility-version=20,unpack=true"#);
    let names: Vec<String> = made.names.iter().map(oci::Reference::familiar).collect();
    assert_eq!(names, ["a:latest", "b:2"]);
    assert_eq!(made.packing.media_types, MediaTypes::Docker);
    assert!(made.packing.recompress.is_none() && made.unpack);
    let made =
        image("type=docker,annotation.K=v,annotation-manifest-descriptor.x=y,oci-mediatypes=false");
    let notes = &made.packing.annotations;
    assert_eq!(
        (notes[0].key.as_str(), notes[1].on),
        ("K", Noted::ManifestDescriptor)
    );
    assert_eq!(
        made.packing.media_types,
        MediaTypes::Oci,
        "Docker has no annotations"
    );
    let sound = "type=image,name-canonical=true,prefer-nondist-layers=true,oci-artifact=1,dangling-name-prefix=x,push=false";
    assert!(one(sound).is_ok());
}

#[test]
fn what_is_pushed_is_compressed() {
    for text in [
        "type=registry,name=h:1/x",
        "type=image,push=true,name=h:1/x:2",
    ] {
        let made = image(text);
        assert_eq!(made.pushed, Some(Pushing::default()), "{text}");
        let how = made.packing.recompress.unwrap();
        assert_eq!((how.compression, made.stored), (Compression::Gzip, true));
    }
    assert_eq!(image("type=image,push-by-digest=true").pushed, None);
    let made = image(
        "type=registry,\"name=h:1/x,h/y\",push-by-digest=true,registry.insecure=true,store=false,compression=zstd",
    );
    let pushing = made.pushed.unwrap();
    assert_eq!(
        (pushing.naming, pushing.trust),
        (Naming::Digest, Trust::Anyone)
    );
    assert_eq!((made.names.len(), made.stored), (2, false));
    assert_eq!(
        made.packing.recompress.unwrap().compression,
        Compression::Zstd
    );
}

#[test]
fn mistakes_are_named() {
    for (text, words) in [
        ("type=ocy,dest=x", "no type `ocy`"),
        ("dest=x", "type=… is missing"),
        ("type=local", "dest=FOLDER is missing"),
        (
            "type=registry,name=x:1,push-by-digest=true",
            "x:1 has a tag, and is to be pushed by digest",
        ),
        ("type=oci,push=true", "type=oci has no field `push`"),
        ("type=oci,compression=lzma", "no compression `lzma`"),
        ("type=oci,compression=estargz", "estargz is not implemented"),
        ("type=oci,compression-level=10", "it is 0 to 9"),
        (
            "type=oci,compression=zstd,compression-level=23",
            "it is 0 to 22",
        ),
        ("type=oci,compression-level=x", "`x` is no level"),
        ("type=oci,gzip-members=two", "`many` or `one`"),
        ("type=oci,tar=maybe", "neither true nor false"),
        ("type=oci,tar=false", "needs dest=FOLDER"),
        ("type=oci,desst=x", "no field `desst`"),
        ("type=local,dest=x,mode=move", "no mode `move`"),
        ("type=tar,mode=copy", "type=tar has no field `mode`"),
        ("type=image,dest=x", "type=image has no field `dest`"),
        ("type=image,compatibility-version=7", "version `7`"),
        ("type=local,dest=x,annotation.k=v", "no annotations"),
        ("type=oci,unpack=true", "type=oci has no field `unpack`"),
    ] {
        let error = one(text).unwrap_err();
        assert!(
            error.message().contains(words),
            "{text}: {}",
            error.message()
        );
    }
}
