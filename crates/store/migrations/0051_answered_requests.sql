-- Requests to join that were answered long ago are forgotten, oldest first.
CREATE INDEX group_requests_answered ON group_requests (app, conversation, answered_at) WHERE outcome > 0;
