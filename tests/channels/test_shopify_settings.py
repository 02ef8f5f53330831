"""What an operator must enter for a Shopify channel, and what not."""

from __future__ import annotations

from channels.connectors.registry import CONNECTORS
from channels.connectors.shopify import Shopify
from channels.enums import TRAITS, JobType, Kind
from channels.settings_form import clean_secrets, clean_settings


def test_shop_token_and_secret_are_enough() -> None:
    settings, wrong = clean_settings(Shopify, {"shop": "lamps.myshopify.com"})
    secrets, also_wrong = clean_secrets(Shopify, {"access_token": "a", "webhook_secret": "b"})

    assert (wrong, also_wrong) == ({}, {})
    assert settings["shop"] == "lamps.myshopify.com"
    assert secrets["access_token"] == "a"


def test_shop_and_token_are_required() -> None:
    assert set(clean_settings(Shopify, {})[1]) == {"shop"}
    assert set(clean_secrets(Shopify, {})[1]) == {"access_token"}


def test_it_does_every_job_of_a_sales_channel() -> None:
    wanted = {job_type for job_type in JobType if Kind.SALES in TRAITS[job_type].kinds}

    assert CONNECTORS["shopify"] is Shopify
    assert {capability.type for capability in Shopify.capabilities} == wanted


def test_no_topic_serves_two_job_types() -> None:
    topics = [topic for topic, _ in Shopify.topics()]

    assert len(topics) == len(set(topics))
