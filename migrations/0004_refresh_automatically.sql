-- The table has one row, and the setting that is dropped has no use any more.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-constraint, ban-drop-column

-- The writer's transaction refreshes the view of effective policies only while that is quick. Who
-- had chosen another mode than the default keeps it.

alter table authz.settings
add column longest_auto_refresh interval not null default '100 milliseconds',
add constraint longest_auto_refresh_is_not_negative check (longest_auto_refresh >= '0'),
drop constraint refresh_mode_is_known,
add constraint refresh_mode_is_known check (
    refresh_mode in ('auto', 'immediate', 'deferred', 'manual')
),
alter column refresh_mode set default 'auto',
drop column refresh_immediately_up_to;

update authz.settings set refresh_mode = 'auto' where refresh_mode = 'immediate';

comment on column authz.settings.refresh_mode is
    'When authz.user_effective_policies is refreshed after a change: auto, at the end of the '
    'writer''s transaction while that takes less than longest_auto_refresh, else as in deferred; '
    'immediate, at the end of the writer''s transaction; deferred, by runner refresh, '
    'authz.refresh_if_marked() or ops.maintain(); manual. Answers are exact in all four.';
comment on column authz.settings.longest_auto_refresh is
    'How long the refresh that a writer waits for may take in the mode auto.';

alter table authz_private.refresh_turn add column expected interval;

comment on column authz_private.refresh_turn.expected is
    'How long the next refresh will take, judged by the last one; null: not known.';
comment on column ops.refresh_log.mode is 'auto, immediate, deferred, manual or load.';
