-- A person's profile.
SELECT first_name, last_name, birthday, location_ip, browser, city_id, gender, creation_date
FROM person
WHERE id = $personId;
