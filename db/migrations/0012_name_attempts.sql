-- Which attempt of a call wrote the record. After a COMMIT that was not answered a record is there also
-- when another call with the same request_id has written it: then nothing of this attempt is told.
-- NULL: from before there were names.
ALTER TABLE request_records
    ADD COLUMN attempt UUID NULL AFTER fingerprint;
