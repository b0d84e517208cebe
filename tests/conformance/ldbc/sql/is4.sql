-- A message.
SELECT coalesce(image_file, content), creation_date FROM message WHERE id = $messageId;
