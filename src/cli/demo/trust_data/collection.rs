//! A repository's trust data: four roles, delegations, and files that vouch for each other.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Delegation, Role, TufSigner, canonical, meta, seal, signed};
use crate::cli::demo::signer::{KeyChoice, SignFault};
use crate::image::Digest;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Signed tags of one repository.
///
/// Everything that a test may want to spoil can be set; [`Self::publish`] makes the files fit again.
#[derive(Debug)]
pub struct Collection {
    gun: String,
    /// The role that gives the others their keys.
    pub root: Role,
    /// The role that says which snapshot is the newest.
    pub timestamp: Role,
    /// The role that says which files belong together.
    pub snapshot: Role,
    /// The role that lists tags.
    pub targets: Role,
    /// The roles below targets by their full name.
    pub delegations: BTreeMap<String, Delegation>,
    /// Tags by the role that lists them.
    tags: BTreeMap<String, BTreeMap<String, Digest>>,
    earlier_roots: Vec<(u64, Bytes)>,
    hooks: Hooks,
    /// Files by what is signed and by whom: what did not change is not signed anew.
    sealed: HashMap<Digest, Bytes>,
}

#[derive(Default)]
struct Hooks {
    edits: Vec<(String, Edit)>,
    rewrites: Vec<(String, Rewrite)>,
}

type Edit = Box<dyn Fn(&mut Value) + Send + Sync>;
type Rewrite = Box<dyn Fn(Bytes) -> Bytes + Send + Sync>;

impl Collection {
    /// Trust data without tags for the repository `gun`, with fresh keys, as notary makes it at `now`.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn new(gun: &str, now: Timestamp) -> Result<Self, SignFault> {
        let ecdsa = || TufSigner::generate(KeyChoice::EcdsaP256);
        let role =
            |key, days: i32| Role::new(vec![key], now.saturating_add(DAY * days).unwrap_or(now));
        Ok(Self {
            gun: gun.to_owned(),
            root: role(ecdsa()?.certified(gun)?, 3650),
            timestamp: role(TufSigner::generate(KeyChoice::Ed25519)?, 14),
            snapshot: role(ecdsa()?, 1095),
            targets: role(ecdsa()?, 1095),
            delegations: BTreeMap::new(),
            tags: BTreeMap::new(),
            earlier_roots: Vec::new(),
            hooks: Hooks::default(),
            sealed: HashMap::new(),
        })
    }

    /// The repository's name.
    pub fn gun(&self) -> &str {
        &self.gun
    }

    /// Lists a tag in targets.
    pub fn sign(&mut self, tag: &str, digest: Digest) {
        self.sign_as("targets", tag, digest);
    }

    /// Lists a tag in a delegation.
    pub fn sign_as(&mut self, role: &str, tag: &str, digest: Digest) {
        let role = full_name(role);
        self.tags.entry(role.clone()).or_default().insert(tag.to_owned(), digest);
        self.changed(&role);
    }

    /// Lists a tag in targets no more.
    pub fn revoke(&mut self, tag: &str) {
        self.revoke_as("targets", tag);
    }

    /// Lists a tag in a delegation no more.
    pub fn revoke_as(&mut self, role: &str, tag: &str) {
        let role = full_name(role);
        if let Some(tags) = self.tags.get_mut(&role) {
            tags.remove(tag);
        }
        self.changed(&role);
    }

    /// Adds the delegation `name` (with or without `targets/` before it), which the role above lists.
    /// It has no file before it signs.
    pub fn delegate(
        &mut self,
        name: &str,
        keys: Vec<TufSigner>,
        paths: &[&str],
    ) -> &mut Delegation {
        let name = full_name(name);
        if let Some((above, _)) = name.rsplit_once('/') {
            self.changed(above);
        }
        let delegation = Delegation {
            role: Role { version: 0, ..Role::new(keys, self.targets.expires) },
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            published: false,
        };
        self.delegations.entry(name).insert_entry(delegation).into_mut()
    }

    /// Replaces the root key; the new root is signed with the old key, too.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn rotate_root(&mut self) -> Result<(), SignFault> {
        let fresh = TufSigner::generate(KeyChoice::EcdsaP256)?.certified(&self.gun)?;
        self.rotate_root_to(vec![fresh])
    }

    /// Replaces the root keys by these.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn rotate_root_to(&mut self, keys: Vec<TufSigner>) -> Result<(), SignFault> {
        let before = self.root_file()?;
        self.earlier_roots.push((self.root.version, before));
        let old = std::mem::take(&mut self.root.keys);
        self.root.set_keys(keys);
        self.root.signers.extend(old);
        self.root.version += 1;
        self.changed("root");
        Ok(())
    }

    /// Changes what `role` signs each time before it is signed.
    pub fn edit(&mut self, role: &str, edit: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.hooks.edits.push((role.to_owned(), Box::new(edit)));
    }

    /// Changes the file of `role` after it was signed; what vouches for it takes it as it is then.
    pub fn rewrite(
        &mut self,
        role: &str,
        rewrite: impl Fn(Bytes) -> Bytes + Send + Sync + 'static,
    ) {
        self.hooks.rewrites.push((role.to_owned(), Box::new(rewrite)));
    }

    /// Signs everything, as it is expected or not, and gives each file under all of its names.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn publish(&mut self) -> Result<Vec<(String, Bytes)>, SignFault> {
        let mut files = Vec::new();
        let mut listed = Map::new();
        let root = self.root_file()?;
        for (version, earlier) in &self.earlier_roots {
            files.push((format!("{version}.root.json"), earlier.clone()));
        }
        files.push((format!("{}.root.json", self.root.version), root.clone()));
        listed.insert("root".to_owned(), meta(&root));
        add("root", root, &mut files);
        for (name, role) in self.listing_roles() {
            let signed = self.targets_signed(&name, &role);
            let file = self.file(&name, &role, signed)?;
            listed.insert(name.clone(), meta(&file));
            add(&name, file, &mut files);
        }
        let role = self.snapshot.clone();
        let snapshot =
            self.file("snapshot", &role, signed::vouching("Snapshot", &role, &listed))?;
        let listed = Map::from_iter([("snapshot".to_owned(), meta(&snapshot))]);
        add("snapshot", snapshot, &mut files);
        let role = self.timestamp.clone();
        let timestamp =
            self.file("timestamp", &role, signed::vouching("Timestamp", &role, &listed))?;
        add("timestamp", timestamp, &mut files);
        Ok(files)
    }

    /// Targets and the delegations that have a file.
    fn listing_roles(&self) -> Vec<(String, Role)> {
        let published = self.delegations.iter().filter(|(_, delegation)| delegation.published);
        let published = published.map(|(name, delegation)| (name.clone(), delegation.role.clone()));
        std::iter::once(("targets".to_owned(), self.targets.clone())).chain(published).collect()
    }

    fn targets_signed(&self, name: &str, role: &Role) -> Value {
        let is_below = |(below, _): &(&String, &Delegation)| {
            below.rsplit_once('/').is_some_and(|(above, _)| above == name)
        };
        signed::targets(role, self.tags.get(name), self.delegations.iter().filter(is_below))
    }

    fn root_file(&mut self) -> Result<Bytes, SignFault> {
        let role = self.root.clone();
        let roles = [
            ("root", &self.root),
            ("snapshot", &self.snapshot),
            ("targets", &self.targets),
            ("timestamp", &self.timestamp),
        ];
        let signed = signed::root(&role, roles);
        self.file("root", &role, signed)
    }

    fn file(&mut self, name: &str, role: &Role, mut signed: Value) -> Result<Bytes, SignFault> {
        for (_, edit) in self.hooks.edits.iter().filter(|(of, _)| of == name) {
            edit(&mut signed);
        }
        let mut made_of = canonical(&signed);
        for signer in &role.signers {
            made_of.extend_from_slice(signer.key_id().as_bytes());
        }
        let made_of = Digest::of(&made_of);
        let mut file = match self.sealed.get(&made_of) {
            Some(file) => file.clone(),
            None => seal(&signed, &role.signers)?,
        };
        self.sealed.insert(made_of, file.clone());
        for (_, rewrite) in self.hooks.rewrites.iter().filter(|(of, _)| of == name) {
            file = rewrite(file);
        }
        Ok(file)
    }

    /// Counts the versions of a role's file and of those that vouch for it.
    fn changed(&mut self, name: &str) {
        if name == "targets" {
            self.targets.version += 1;
        } else if let Some(delegation) = self.delegations.get_mut(name) {
            delegation.role.version += 1;
            delegation.published = true;
        }
        self.snapshot.version += 1;
        self.timestamp.version += 1;
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooks({} edits, {} rewrites)", self.edits.len(), self.rewrites.len())
    }
}

/// Adds a file under its name and under that with its checksum.
fn add(role: &str, file: Bytes, files: &mut Vec<(String, Bytes)>) {
    files.push((format!("{role}.{}.json", Digest::of(&file).hex()), file.clone()));
    files.push((format!("{role}.json"), file));
}

fn full_name(role: &str) -> String {
    if role == "targets" || role.starts_with("targets/") {
        role.to_owned()
    } else {
        format!("targets/{role}")
    }
}
