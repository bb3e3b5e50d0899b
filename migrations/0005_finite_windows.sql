-- A bound at infinity is written as null from now on, and a window that is never open is refused.
-- Those written before keep what they mean: open without end, or not within the next thousands of
-- years.

update authz.memberships
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);

update authz.user_roles
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);

update authz.user_policies
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);

update authz.user_permissions
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);

update authz.grant_requests
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);

update authz.row_permissions
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);

update authz.column_permissions
set
    valid_from = case
        when valid_from = 'infinity' then '9999-12-30 00:00+00'
        else nullif(valid_from, '-infinity')
    end,
    valid_until = case
        when valid_until = '-infinity' then '0001-01-02 00:00+00'
        else nullif(valid_until, 'infinity')
    end
where not isfinite(valid_from) or not isfinite(valid_until);
