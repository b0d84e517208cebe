-- A person's friends, the newest friendship first.
SELECT p.id, p.first_name, p.last_name, k.creation_date
FROM knows k JOIN person p ON p.id = k.person2_id
WHERE k.person1_id = $personId
ORDER BY k.creation_date DESC, p.id;
