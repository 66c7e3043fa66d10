-- The laws of the house, held by the database itself. Pairs mirror NEXT in src/domain; test/store/transitions.test.ts compares them.
INSERT INTO request_transition (prior, state) VALUES
  ('new','pending'),
  ('pending','approved'), ('pending','denied'), ('pending','cancelled'), ('pending','expired'),
  ('approved','checked_out'), ('approved','cancelled'), ('approved','expired'), ('approved','revoked'),
  ('checked_out','closed'), ('closed','reviewed');
--> statement-breakpoint
INSERT INTO session_transition (prior, state) VALUES ('new','opening'), ('opening','live'), ('opening','ended'), ('live','ended');
--> statement-breakpoint
INSERT INTO rotation_transition (prior, state) VALUES
  ('new','queued'),
  ('queued','queued'), ('queued','prepared'), ('queued','refused'),
  ('prepared','prepared'), ('prepared','applying'), ('prepared','waiting'), ('prepared','probing'), ('prepared','refused'),
  ('applying','applying'), ('applying','queued'), ('applying','waiting'), ('applying','probing'), ('applying','refused'),
  ('waiting','waiting'), ('waiting','applying'), ('waiting','refused'),
  ('probing','probing'), ('probing','applying'), ('probing','committed'), ('probing','refused'), ('probing','dead_letter'),
  ('dead_letter','dead_letter'), ('dead_letter','probing'), ('dead_letter','refused');
--> statement-breakpoint
INSERT INTO credential_transition (prior, state) VALUES
  ('new','unmanaged'), ('unmanaged','adopting'),
  ('adopting','in_sync'), ('adopting','unmanaged'), ('adopting','quarantined'),
  ('in_sync','changing'), ('in_sync','unverified'), ('changing','in_sync'), ('changing','unverified'),
  ('unverified','in_sync'), ('unverified','quarantined'), ('quarantined','in_sync');
--> statement-breakpoint
CREATE FUNCTION first_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.prior := 'new'; RETURN NEW; END $$;
--> statement-breakpoint
CREATE FUNCTION remember_prior_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.prior := OLD.state; RETURN NEW; END $$;
--> statement-breakpoint
CREATE FUNCTION remember_prior_credential() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.prior := OLD.credential; RETURN NEW; END $$;
--> statement-breakpoint
CREATE FUNCTION keep_prior() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.prior := OLD.prior; RETURN NEW; END $$;
--> statement-breakpoint
ALTER TABLE requests ADD CONSTRAINT request_transition_law FOREIGN KEY (prior, state) REFERENCES request_transition (prior, state);
--> statement-breakpoint
ALTER TABLE sessions ADD CONSTRAINT session_transition_law FOREIGN KEY (prior, state) REFERENCES session_transition (prior, state);
--> statement-breakpoint
ALTER TABLE rotations ADD CONSTRAINT rotation_transition_law FOREIGN KEY (prior, state) REFERENCES rotation_transition (prior, state);
--> statement-breakpoint
ALTER TABLE accounts ADD CONSTRAINT credential_transition_law FOREIGN KEY (prior, credential) REFERENCES credential_transition (prior, state);
--> statement-breakpoint
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['requests','sessions','rotations'] LOOP
    EXECUTE format('CREATE TRIGGER a_first_state BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION first_state()', t);
    EXECUTE format('CREATE TRIGGER a_next_state BEFORE UPDATE ON %I FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state()', t);
    EXECUTE format('CREATE TRIGGER a_same_state BEFORE UPDATE ON %I FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior()', t);
  END LOOP;
END $$;
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON accounts FOR EACH ROW WHEN (OLD.credential IS DISTINCT FROM NEW.credential) EXECUTE FUNCTION remember_prior_credential();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON accounts FOR EACH ROW WHEN (OLD.credential IS NOT DISTINCT FROM NEW.credential) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
-- One live exclusive hold per account; break-glass does not compete.
CREATE UNIQUE INDEX one_exclusive_hold ON requests (account_id) WHERE state = 'checked_out' AND exclusive AND kind = 'normal';
--> statement-breakpoint
-- I3: at most one open rotation per account.
CREATE UNIQUE INDEX one_open_rotation ON rotations (account_id) WHERE state NOT IN ('committed','refused');
--> statement-breakpoint
ALTER TABLE requests ADD CONSTRAINT request_facts CHECK (
  (state NOT IN ('approved','checked_out') OR (minutes IS NOT NULL AND approved_at IS NOT NULL AND start_by IS NOT NULL))
  AND (state NOT IN ('checked_out','closed','reviewed') OR (checked_out_at IS NOT NULL AND until IS NOT NULL))
  AND (state NOT IN ('closed','denied','cancelled','expired','revoked','reviewed') OR ended_at IS NOT NULL));
--> statement-breakpoint
ALTER TABLE sessions ADD CONSTRAINT session_facts CHECK ((state <> 'live' OR live_at IS NOT NULL) AND ((state = 'ended') = (ended_at IS NOT NULL)) AND ((state = 'ended') = (why IS NOT NULL)));
--> statement-breakpoint
ALTER TABLE accounts ADD CONSTRAINT account_facts CHECK (rotated_no <= used_no AND block IN ('none','disabled','locked','identity_changed') AND (credential <> 'in_sync' OR current_id IS NOT NULL));
--> statement-breakpoint
ALTER TABLE accounts ADD CONSTRAINT account_current FOREIGN KEY (current_id) REFERENCES secret_versions (id) DEFERRABLE INITIALLY IMMEDIATE;
--> statement-breakpoint
ALTER TABLE accounts ADD CONSTRAINT account_previous FOREIGN KEY (previous_id) REFERENCES secret_versions (id) DEFERRABLE INITIALLY IMMEDIATE;
--> statement-breakpoint
ALTER TABLE targets ADD CONSTRAINT target_administrative FOREIGN KEY (administrative_id) REFERENCES accounts (id) DEFERRABLE INITIALLY IMMEDIATE;
--> statement-breakpoint
ALTER TABLE targets ADD CONSTRAINT target_reconcile FOREIGN KEY (reconcile_id) REFERENCES accounts (id) DEFERRABLE INITIALLY IMMEDIATE;
--> statement-breakpoint
ALTER TABLE secret_versions ADD CONSTRAINT version_status CHECK (status IN ('declared','candidate','current','previous','older','rejected'));
--> statement-breakpoint
CREATE UNIQUE INDEX one_current_version ON secret_versions (account_id) WHERE status = 'current';
--> statement-breakpoint
-- I4: a version is never deleted and its ciphertext never changes; re-wrapping its data key is the one exception.
CREATE FUNCTION versions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'law I4: a secret version is never deleted' USING ERRCODE = 'LS004'; END IF;
  IF (NEW.id, NEW.account_id, NEW.no, NEW.sealed, NEW.alg, NEW.origin, NEW.identity_no, NEW.by_id, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.no, OLD.sealed, OLD.alg, OLD.origin, OLD.identity_no, OLD.by_id, OLD.created_at)
  THEN RAISE EXCEPTION 'law I4: a secret version is never changed' USING ERRCODE = 'LS004'; END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER versions_are_kept BEFORE UPDATE OR DELETE ON secret_versions FOR EACH ROW EXECUTE FUNCTION versions_are_kept();
--> statement-breakpoint
CREATE FUNCTION versions_are_never_truncated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'law I4: secret versions are never truncated' USING ERRCODE = 'LS004'; END $$;
--> statement-breakpoint
CREATE TRIGGER versions_are_never_truncated BEFORE TRUNCATE ON secret_versions FOR EACH STATEMENT EXECUTE FUNCTION versions_are_never_truncated();
--> statement-breakpoint
-- The event log only grows; the sequencer may fill index, prev_hash and hash once.
CREATE FUNCTION events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.index_no IS NOT NULL OR NEW.prev_hash IS NOT NULL OR NEW.hash IS NOT NULL THEN RAISE EXCEPTION 'events are sequenced by the sequencer alone' USING ERRCODE = 'LS005'; END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'an audit event is never deleted' USING ERRCODE = 'LS005'; END IF;
  IF OLD.index_no IS NOT NULL OR NEW.index_no IS NULL OR NEW.hash IS NULL OR NEW.prev_hash IS NULL
     OR (NEW.row_no, NEW.id, NEW.at, NEW.what, NEW.who, NEW.about, NEW.outcome, NEW.why, NEW.facts) IS DISTINCT FROM (OLD.row_no, OLD.id, OLD.at, OLD.what, OLD.who, OLD.about, OLD.outcome, OLD.why, OLD.facts)
  THEN RAISE EXCEPTION 'an audit event is never changed' USING ERRCODE = 'LS005'; END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER events_only_grow BEFORE INSERT OR UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_only_grow();
--> statement-breakpoint
CREATE FUNCTION events_are_never_truncated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit events are never truncated' USING ERRCODE = 'LS005'; END $$;
--> statement-breakpoint
CREATE TRIGGER events_are_never_truncated BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION events_are_never_truncated();
--> statement-breakpoint
-- A2: while an administrative account rotates itself, nobody else holds it exclusively; A1 (no cycles) is checked in flow under a lock.
CREATE UNIQUE INDEX one_exclusive_admin_use ON admin_uses (account_id) WHERE exclusive;
