//! The value of `RUN --device`.

/// A device that a `RUN` asks for: `NAME[,required]`.
///
/// Source: BuildKit's `--device`, whose names are those of the Container Device Interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// `vendor.com/class=device`, or a device node's path.
    pub name: String,
    /// Whether the build fails without it.
    pub required: bool,
}

impl Device {
    /// Reads the flag's value.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let (mut name, mut required) = (None, false);
        for field in text.split(',') {
            match field.split_once('=') {
                None if field == "required" => required = true,
                Some(("required", "true" | "1")) => required = true,
                Some(("required", "false" | "0")) => required = false,
                Some(("required", other)) => {
                    return Err(format!("invalid value for required: {other}"));
                }
                Some(("name", value)) if name.is_none() => name = Some(value),
                _ if name.is_none() => name = Some(field),
                _ => return Err(format!("unexpected field '{field}'")),
            }
        }
        match name {
            Some(name) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                required,
            }),
            _ => Err("the name is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Device;

    #[test]
    fn values() {
        let of = |text| Device::read(text).map(|device| (device.name, device.required));
        let is = |name: &str, required| Ok((name.to_owned(), required));
        assert_eq!(of("/dev/fuse"), is("/dev/fuse", false));
        assert_eq!(of("a.com/gpu=all,required"), is("a.com/gpu=all", true));
        assert_eq!(
            of("name=a.com/gpu=0,required=true"),
            is("a.com/gpu=0", true)
        );
        for (text, error) in [
            ("", "the name is missing"),
            ("required", "the name is missing"),
            ("a,b", "unexpected field 'b'"),
            ("a,required=x", "invalid value for required: x"),
        ] {
            assert_eq!(of(text), Err(error.to_owned()), "{text}");
        }
    }
}
