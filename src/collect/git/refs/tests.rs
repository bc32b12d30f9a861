//! Tests of reading git's answers, with packet lines written by hand.
//!
//! Answers of a real server are left to the integration tests.

use proptest::prelude::*;

use super::*;

const A: &str = "1111111111111111111111111111111111111111";
const B: &str = "2222222222222222222222222222222222222222";
const C: &str = "3333333333333333333333333333333333333333";
const LONG: &str = "4444444444444444444444444444444444444444444444444444444444444444";
const NULL: &str = "0000000000000000000000000000000000000000";

/// Returns lines and a flush, with the line that HTTP puts before them where `served`.
fn answer(served: bool, lines: &[&str]) -> Vec<u8> {
    let mut text = if served { line("# service=git-upload-pack") + "0000" } else { String::new() };
    text.extend(lines.iter().map(|text| line(text)));
    (text + "0000").into_bytes()
}

fn v2(more: &[&str]) -> Capabilities {
    let mut lines = vec!["version 2", "agent=git/2.47.3", "ls-refs=unborn", "fetch=shallow wait-for-done"];
    lines.extend(more);
    match advertisement(&answer(true, &lines)).unwrap() {
        Advertisement::V2(capabilities) => capabilities,
        Advertisement::Refs(listing) => panic!("{listing:?}"),
    }
}

fn announced(lines: &[&str]) -> Result<Listing, Miss> {
    match advertisement(&answer(true, lines))? {
        Advertisement::Refs(listing) => Ok(listing),
        Advertisement::V2(capabilities) => panic!("{capabilities:?}"),
    }
}

fn hex(text: &str) -> ObjectId {
    ObjectId::from_hex(text.as_bytes()).unwrap()
}

fn reason<T>(outcome: Result<T, Miss>) -> UnseenReason {
    match outcome {
        Ok(_) => panic!("an answer was believed"),
        Err(miss) => miss.reason,
    }
}

#[test]
fn the_refs_of_version_2_come_with_peeled_tags_and_the_branch_of_head() {
    let body = answer(
        false,
        &[
            &format!("{A} HEAD symref-target:refs/heads/main"),
            &format!("{A} refs/heads/main"),
            &format!("{A} refs/remotes/origin/HEAD symref-target:refs/remotes/origin/main"),
            &format!("{B} refs/tags/v1 peeled:{C}"),
        ],
    );
    let listing = ls_refs(&body, v2(&["object-format=sha1"])).unwrap();
    assert_eq!(listing.head.as_deref(), Some("refs/heads/main"));
    assert_eq!(listing.refs.len(), 3);
    assert_eq!(listing.refs["refs/tags/v1"], Ref { oid: hex(B), peeled: Some(hex(C)) });
    assert_eq!(listing.refs["refs/heads/main"], Ref { oid: hex(A), peeled: None });
}

#[test]
fn an_empty_repository_answers_nothing_or_the_branch_that_will_be() {
    assert_eq!(ls_refs(b"0000", v2(&[])).unwrap(), Listing::default());
    let unborn = ls_refs(&answer(false, &["unborn HEAD symref-target:refs/heads/trunk"]), v2(&[])).unwrap();
    assert_eq!((unborn.refs.len(), unborn.head.as_deref()), (0, Some("refs/heads/trunk")));
}

#[test]
fn the_question_names_what_the_server_wants_to_hear() {
    let text = String::from_utf8(v2(&["object-format=sha256"]).question()).unwrap();
    assert!(text.starts_with("0014command=ls-refs\n"), "{text}");
    for part in ["0019object-format=sha256\n0001", "agent=lastgood/", "0009peel\n000csymrefs\n000bunborn\n0000"] {
        assert!(text.contains(part), "{text}");
    }
    let plain = advertisement(&answer(false, &["version 2", "ls-refs"])).unwrap();
    let Advertisement::V2(plain) = plain else { panic!("{plain:?}") };
    assert_eq!(plain.question(), b"0014command=ls-refs\n00010009peel\n000csymrefs\n0000");
}

#[test]
fn older_versions_announce_their_refs_at_once() {
    let first = format!("{A} HEAD\0multi_ack symref=HEAD:refs/heads/main object-format=sha1 agent=git/1.8");
    let (main, tag, peeled) =
        (format!("{A} refs/heads/main"), format!("{B} refs/tags/v1"), format!("{C} refs/tags/v1^{{}}"));
    for version in [&[][..], &["version 1"]] {
        let lines: Vec<&str> = version.iter().copied().chain([&*first, &main, &tag, &peeled]).collect();
        let listing = announced(&lines).unwrap();
        assert_eq!(listing.head.as_deref(), Some("refs/heads/main"));
        assert_eq!(listing.refs.len(), 2);
        assert_eq!(listing.refs["refs/tags/v1"], Ref { oid: hex(B), peeled: Some(hex(C)) });
        assert!(!listing.partial);
    }
    let shallow = announced(&[&first, &main, &format!("shallow {A}")]).unwrap();
    assert!(shallow.partial);
    let empty = announced(&[&format!("{NULL} capabilities^{{}}\0multi_ack agent=git/1.8")]).unwrap();
    assert_eq!(empty, Listing::default());
}

#[test]
fn object_ids_may_be_of_either_kind_but_not_of_both() {
    let sha256 = v2(&["object-format=sha256"]);
    let long = answer(false, &[&format!("{LONG} refs/heads/main")]);
    assert_eq!(ls_refs(&long, sha256).unwrap().refs["refs/heads/main"].oid, hex(LONG));
    assert_eq!(reason(ls_refs(&long, v2(&[]))), UnseenReason::Unreadable);
    let short = answer(false, &[&format!("{A} refs/heads/main")]);
    assert_eq!(reason(ls_refs(&short, sha256)), UnseenReason::Unreadable);
    let older = announced(&[&format!("{LONG} refs/heads/main\0object-format=sha256")]).unwrap();
    assert_eq!(older.refs["refs/heads/main"].oid, hex(LONG));
    assert_eq!(
        reason(advertisement(&answer(true, &["version 2", "ls-refs", "object-format=sha3"]))),
        UnseenReason::Unreadable
    );
}

#[test]
fn what_is_not_a_whole_answer_of_gits_is_never_a_shorter_map() {
    let main = format!("{A} refs/heads/main");
    let wrong = [
        // The same ref twice, with one object or two.
        vec![main.clone(), main.clone()],
        vec![main.clone(), format!("{B} refs/heads/main")],
        vec![format!("{A} HEAD"), format!("{A} HEAD")],
        // Names that no ref can have.
        vec![format!("{A} refs/heads/a..b")],
        vec![format!("{A} refs/heads/a\u{7}b")],
        vec![format!("{A} refs/heads/../../x")],
        vec![format!("{A} heads/main")],
        vec![format!("{A} ")],
        vec![A.to_owned()],
        // Ids that are none.
        vec![format!("{NULL} refs/heads/main")],
        vec!["1234 refs/heads/main".to_owned()],
        vec!["unborn refs/heads/main".to_owned()],
        vec![format!("{A} refs/tags/v1 peeled:xyz")],
        vec![format!("{main} something-new")],
        vec![String::new()],
    ];
    for lines in wrong {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(reason(ls_refs(&answer(false, &lines), v2(&[]))), UnseenReason::Unreadable, "{lines:?}");
    }
    let good = answer(false, &[&main]);
    assert_eq!(reason(ls_refs(&[&good[..], b"0000"].concat(), v2(&[]))), UnseenReason::Unreadable);
    assert_eq!(reason(ls_refs(&[&good[..], b"\n"].concat(), v2(&[]))), UnseenReason::Unreadable);
    let divided = good.strip_suffix(b"0000").unwrap();
    assert_eq!(reason(ls_refs(&[divided, b"0001"].concat(), v2(&[]))), UnseenReason::Unreadable);
}

#[test]
fn what_no_older_server_announces_is_unreadable() {
    let first = format!("{A} refs/heads/main\0agent=git/1.8");
    let tag = format!("{B} refs/tags/v1");
    let wrong: [&[&str]; 8] = [
        &[],
        &[&format!("{A} refs/heads/main")],
        &[&first, &format!("{C} refs/tags/v1^{{}}")],
        &[&first, &tag, &format!("{C} refs/tags/v1^{{}}"), &format!("{C} refs/tags/v1^{{}}")],
        &[&first, &first],
        &[&format!("{A} capabilities^{{}}\0agent=git/1.8")],
        &[&format!("{NULL} capabilities^{{}}\0agent=git/1.8"), &tag],
        &[&first, &format!("shallow {A}"), &tag],
    ];
    for lines in wrong {
        assert_eq!(reason(announced(lines)), UnseenReason::Unreadable, "{lines:?}");
    }
}

#[test]
fn pages_and_other_protocols_are_unreadable() {
    let dumb = format!("{A}\trefs/heads/main\n");
    for body in ["<!DOCTYPE html><html>", dumb.as_str(), "{\"message\":\"Not Found\"}", "003d"] {
        assert_ne!(advertisement(body.as_bytes()).unwrap_err().what, "", "{body}");
    }
    assert_eq!(reason(advertisement(b"<!DOCTYPE html><html>")), UnseenReason::Unreadable);
    assert_eq!(reason(advertisement(dumb.as_bytes())), UnseenReason::Truncated, "1111 reads as a length");
    let receive = line("# service=git-receive-pack") + "0000";
    assert_eq!(reason(advertisement(receive.as_bytes())), UnseenReason::Unreadable);
    assert_eq!(reason(advertisement(&answer(true, &["version 2", "fetch"]))), UnseenReason::Unreadable);
    assert_eq!(reason(advertisement(&answer(true, &["version 3"]))), UnseenReason::Unreadable);
    assert_eq!(reason(advertisement(b"")), UnseenReason::Truncated);
}

#[test]
fn a_server_that_refuses_in_words_is_believed() {
    let refused = |words: &str| reason(advertisement(&answer(true, &[words])));
    assert_eq!(refused("ERR access denied or repository not exported: /x"), UnseenReason::NotAuthorized);
    assert_eq!(refused("ERR Repository not found."), UnseenReason::NotFound);
    assert_eq!(refused("ERR upload-pack: not our turn"), UnseenReason::Unreadable);
    let late = answer(false, &[&format!("{A} refs/heads/main"), "ERR the disk is full\u{1b}[31m"]);
    assert_eq!(ls_refs(&late, v2(&[])).unwrap_err().what, "the server says: the disk is full [31m");
}

#[test]
fn a_name_that_is_no_text_stays_one_name() {
    let mut body = format!("{:04x}{A} refs/heads/", 4 + 40 + 12 + 2).into_bytes();
    body.extend(*b"\xff\n0000");
    let listing = ls_refs(&body, v2(&[])).unwrap();
    assert_eq!(listing.refs.keys().collect::<Vec<_>>(), ["refs/heads/\\xff"]);
}

/// Any answer that a server may give to the listing of refs, of version 2 or older.
fn any_answer() -> impl Strategy<Value = (bool, Vec<u8>)> {
    let refs =
        proptest::collection::btree_map("refs/(heads|tags|x)/[a-z0-9]{1,12}", ("[1-9a-f]{40}", any::<bool>()), 0..8);
    (any::<bool>(), refs).prop_map(|(is_v2, refs)| {
        let mut lines: Vec<String> = Vec::new();
        for (name, (id, tagged)) in &refs {
            match (is_v2, tagged) {
                (true, true) => lines.push(format!("{id} {name} peeled:{C}")),
                (true | false, false) => lines.push(format!("{id} {name}")),
                (false, true) => lines.extend([format!("{id} {name}"), format!("{C} {name}^{{}}")]),
            }
        }
        if !is_v2 {
            match lines.first_mut() {
                Some(first) => first.push_str("\0agent=git/1.8"),
                None => lines.push(format!("{NULL} capabilities^{{}}\0agent=git/1.8")),
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        (is_v2, answer(!is_v2, &lines))
    })
}

proptest! {
    #[test]
    fn a_whole_answer_is_read_and_a_cut_one_is_not((is_v2, body) in any_answer(), cut in any::<prop::sample::Index>()) {
        let read = |body: &[u8]| {
            if is_v2 { ls_refs(body, v2(&[])).map(|_| ()) } else { advertisement(body).map(|_| ()) }
        };
        prop_assert_eq!(read(&body), Ok(()));
        let cut = read(&body[..cut.index(body.len())]);
        prop_assert_eq!(reason(cut), UnseenReason::Truncated);
    }

    #[test]
    fn cut_capabilities_are_truncated(cut in 0_usize..100) {
        let body = answer(true, &["version 2", "agent=git/2.47.3", "ls-refs=unborn", "object-format=sha1"]);
        let cut = &body[..cut.min(body.len() - 1)];
        prop_assert_eq!(reason(advertisement(cut)), UnseenReason::Truncated);
    }

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (Ok(_) | Err(_)) = advertisement(&body);
        let (Ok(_) | Err(_)) = ls_refs(&body, v2(&[]));
    }
}
