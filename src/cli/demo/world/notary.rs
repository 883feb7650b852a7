//! Images whose tags are signed at a notary, and some that only look so.

use jiff::{SignedDuration, Timestamp};

use super::{Expected, World, denied, pinned};
use crate::cli::demo::signer::KeyChoice;
use crate::cli::demo::trust_data::{Collection, TufSigner};

impl World {
    /// Tags that `owner` signed, or did not. It is `now`.
    pub(super) fn trust_data(&mut self, owner: &TufSigner, now: Timestamp) -> anyhow::Result<()> {
        let mut web = self.collection("trusted/web", owner, now)?;
        let signed = self.image("trusted/web", "1.4");
        web.sign("1.4", signed);
        self.publish(web)?;
        let tagged = format!("{}:1.4", self.name("trusted/web"));
        self.ask("notary: a signed tag is pinned", &[&tagged], pinned(&[(&tagged, signed)]));
        let exact = format!("{}@{signed}", self.name("trusted/web"));
        self.ask("notary: a signed digest needs no change", &[&exact], Expected::Unchanged);
        let unsigned = format!("{}:9.9", self.name("trusted/web"));
        self.ask("notary: a tag that nobody signed", &[&unsigned], denied(&["no tag '9.9'"]));
        let without = format!("{}:1.0", self.name("trusted/without"));
        self.ask("notary: no trust data at all", &[&without], denied(&["trust data"]));

        let stranger = TufSigner::generate(KeyChoice::EcdsaP256)?;
        let mut strange = self.collection("trusted/stranger", &stranger, now)?;
        strange.sign("1.0", self.image("trusted/stranger", "1.0"));
        self.publish(strange)?;
        let case = format!("{}:1.0", self.name("trusted/stranger"));
        self.ask("notary: another root key", &[&case], denied(&["not signed with the key"]));

        let mut frozen = self.collection("trusted/frozen", owner, now)?;
        frozen.sign("1.0", self.image("trusted/frozen", "1.0"));
        frozen.timestamp.expires = now - SignedDuration::from_hours(1);
        self.publish(frozen)?;
        let case = format!("{}:1.0", self.name("trusted/frozen"));
        self.ask("notary: the timestamp has expired", &[&case], denied(&["timestamp", "expired"]));
        self.delegations(owner, now)
    }

    /// Tags that two teams must have signed.
    fn delegations(&mut self, owner: &TufSigner, now: Timestamp) -> anyhow::Result<()> {
        let mut api = self.collection("team/api", owner, now)?;
        let (both, one) = (self.image("team/api", "2.0"), self.image("team/api", "2.1"));
        for (team, signed) in [("qa", &[both, one][..]), ("security", &[both])] {
            api.delegate(team, vec![TufSigner::generate(KeyChoice::EcdsaP256)?], &[""]);
            for (tag, digest) in ["2.0", "2.1"].iter().zip(signed) {
                api.sign_as(team, tag, *digest);
            }
        }
        self.publish(api)?;
        let case = format!("{}:2.0", self.name("team/api"));
        self.ask("notary: two of two teams signed", &[&case], pinned(&[(&case, both)]));
        let case = format!("{}:2.1", self.name("team/api"));
        self.ask("notary: one of two teams signed", &[&case], denied(&["targets/security"]));
        Ok(())
    }

    fn collection(
        &self,
        repository: &str,
        owner: &TufSigner,
        now: Timestamp,
    ) -> anyhow::Result<Collection> {
        let gun = self.name(repository);
        let mut collection = Collection::new(&gun, now)?;
        collection.root.set_keys(vec![owner.certified(&gun)?]);
        Ok(collection)
    }

    fn publish(&self, mut collection: Collection) -> anyhow::Result<()> {
        for (file, bytes) in collection.publish()? {
            self.registry.push_trust_data(collection.gun(), &file, bytes);
        }
        Ok(())
    }
}
