"""What the world of administration lacks for a report, and names that try to be more than names."""

from __future__ import annotations

# Marks that write from right to left, spelled out: an editor would show the line turned around.
TURNED = "\u202egnp.exe\u202c"

NAUGHTY = (
    "</script><img src=x onerror=alert(1)>",
    "\" onmouseover='alert(2)' x=\"",
    "{{ 7*7 }}{% raw %}",
    "<!--<b>&amp;&#60;i&#62;",
    f"plain {TURNED} name",
    "javascript:alert(3)//]]>",
)

MORE = """
    insert into authz.users (id, username, base_unit_id, is_active)
    values (30, 'ghost', 11, false), (31, 'fay', 21, true), (32, 'lou', 12, true),
        (33, 'mae', 10, true), (34, 'ned', 10, true);
    insert into authz.user_roles (id, user_id, role_id, unit_id, valid_from, valid_until)
    values (6001, 30, 101, 11, null, null), (6002, 17, 101, 11, '2000-01-01', '2001-01-01'),
        (6005, 31, 101, 20, null, null), (6006, 33, 102, 10, null, now() + interval '9 days'),
        (6007, 32, 111, 11, null, null);
    insert into authz.delegations (id, tenant_id, delegator_id, delegate_id, resource, action,
        unit_id, valid_from, valid_until, reason, requested_by)
    values (7001, 1, 3, 5, 'finance.funds', 'read', 11, '2000-01-01', '2999-01-01', 'away', 3),
        (7002, 1, 3, 5, 'finance.orders', 'read', 11, '2000-01-01', '2001-01-01', 'was away', 3),
        (7003, 1, 3, 30, 'finance.funds', 'read', 11, '2000-01-01', '2999-01-01', 'away', 3);
    insert into authz.permission_templates (id, unit_id, permission_key, is_enabled)
    values (5102, 20, 'funds.read', false);
    insert into authz.permission_templates (id, unit_id, permission_key, is_locked)
    values (5101, 1, 'funds.read', true);
    insert into authz.access_reviews
        (id, tenant_id, unit_id, reviewer_id, opened_by, opened_at, due)
    values (8001, 1, 10, 3, 1, '2000-01-01', '2001-01-01'),
        (8002, 1, 1, 1, 2, '2000-01-01', '2999-01-01');
    insert into authz.access_reviews
        (id, tenant_id, unit_id, reviewer_id, opened_by, opened_at, due, closed_by, closed_at)
    values (8003, 1, 1, 1, 2, '2000-01-01', '2999-01-01', 1, '2000-01-02');
"""


def quoted(text: str) -> str:
    """The text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def hostile() -> str:
    """Statements that put the texts wherever a text is free."""
    script, handler, braces, comment, turned, link = map(quoted, NAUGHTY)
    return f"""
        select set_config('fundwarden.reason', {script}, true);
        update authz.org_units set name = {handler} where id in (1, 11);
        update authz.users set username = {script}, external_id = {handler},
            profile = jsonb_build_object('display_name', {braces}) where id = 5;
        update authz.users set username = {turned} where id = 16;
        update authz.users set username = {comment} where id = 31;
        update authz.policies set name = {link} where id = 201;
        update authz.delegations set reason = {turned} where id = 7001;
        insert into authz.user_roles (user_id, role_id, unit_id) values (16, 102, 12);
    """


HOSTILE = hostile()
